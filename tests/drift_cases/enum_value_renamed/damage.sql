-- What names the label in its definition reads otherwise with it.
ALTER TYPE order_status RENAME VALUE 'placed' TO 'ordered';
