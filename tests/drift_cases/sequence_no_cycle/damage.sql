ALTER SEQUENCE coupon_numbers NO CYCLE;
