-- No statement takes a label away: the type was made anew from an old dump.
DELETE FROM pg_catalog.pg_enum WHERE enumtypid = 'order_status'::regtype AND enumlabel = 'returned';
