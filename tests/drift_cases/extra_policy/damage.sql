CREATE POLICY support ON customers FOR SELECT TO everything_stranger USING (true);
