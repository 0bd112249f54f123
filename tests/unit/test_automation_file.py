"""Automations without a notification block say what is missing."""

from pgfleet.cli.automations import NOTHING, load_automations, tables
from pgfleet.run.shipped import deployments_folder


def test_an_automation_without_a_notification_block_says_what_to_create() -> None:
    file = load_automations(deployments_folder() / "automations.yaml")
    without, with_block = tables(file, None), tables(file, "0b8a1b0e-0000-4000-8000-000000000000")
    assert len(without) == len(file.automations)
    for missing, sent, table in zip(without, with_block, file.automations, strict=True):
        notifies = any(each["type"] == "send-notification" for each in table.actions)
        assert (f"named {file.notify}" in missing["description"]) is notifies
        assert sent["description"] == table.description
        assert not notifies or [each["type"] for each in missing["actions"]] != ["send-notification"]
    assert without[0]["actions"] == [NOTHING]
