ALTER VIEW tagged_customers RESET (check_option);
