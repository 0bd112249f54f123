-- As if it had been added by hand, in a hurry.
DELETE FROM pg_catalog.pg_enum WHERE enumtypid = 'order_status'::regtype AND enumlabel = 'returned';
ALTER TYPE order_status ADD VALUE 'returned' BEFORE 'shipped';
