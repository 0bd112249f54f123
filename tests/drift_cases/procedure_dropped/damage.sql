DROP PROCEDURE tidy_carts(integer);
