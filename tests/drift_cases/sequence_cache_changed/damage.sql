ALTER SEQUENCE coupon_numbers CACHE 1;
