-- An owner holds every privilege without a grant; those that were granted to him read as his own.
ALTER TABLE customers OWNER TO everything_writer;
ALTER VIEW open_orders OWNER TO everything_reader;
ALTER PROCEDURE tidy_carts OWNER TO everything_writer;
