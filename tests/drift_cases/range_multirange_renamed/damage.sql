ALTER TYPE price_multirange RENAME TO prices;
