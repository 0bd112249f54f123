ALTER DOMAIN amount DROP CONSTRAINT amount_not_huge;
