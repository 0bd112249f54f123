ALTER FUNCTION total_of(integer, timestamp with time zone) CALLED ON NULL INPUT;
