ALTER TABLE coupons DROP CONSTRAINT coupons_no_overlap;
ALTER TABLE coupons ADD CONSTRAINT coupons_no_overlap EXCLUDE USING gist (valid WITH &&);
