CREATE INDEX by_total ON customer_totals (total);
