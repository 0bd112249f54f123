"""The roles that a manifest's scripts name."""

from fixtures.rollout import a_small_manifest

from pgfleet.manifest.roles import roles_named

SCRIPT = """
CREATE TABLE t (a integer);
GRANT SELECT ON t TO app, PUBLIC, CURRENT_USER WITH GRANT OPTION;
CREATE POLICY p ON t TO reader, "Odd Role" USING (true);
REVOKE ALL ON t FROM pg_monitor;
"""


def test_every_role_that_is_granted_to_is_named() -> None:
    manifest = a_small_manifest({"1_t.sql": SCRIPT, "2_own.sql": "ALTER TABLE t OWNER TO owner; GRANT app TO maker;"})
    assert roles_named(manifest) == ("Odd Role", "app", "maker", "owner", "reader")


def test_a_role_that_a_script_creates_is_not_made_before_it() -> None:
    manifest = a_small_manifest({"1_role.sql": "CREATE ROLE app; CREATE TABLE t (); GRANT SELECT ON t TO app;"})
    assert roles_named(manifest) == ()


def test_a_manifest_without_grants_names_none() -> None:
    assert roles_named(a_small_manifest({"1_t.sql": "CREATE TABLE t ();"})) == ()
