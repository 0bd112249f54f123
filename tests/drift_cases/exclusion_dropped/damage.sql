ALTER TABLE coupons DROP CONSTRAINT coupons_no_overlap;
