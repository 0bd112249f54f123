-- Revert
SELECT 1;
