REVOKE USAGE ON SEQUENCE coupon_numbers FROM everything_writer;
