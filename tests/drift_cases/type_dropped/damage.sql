DROP TYPE price_range CASCADE;
