CREATE SEQUENCE vault.numbers;
