"""May the scripts of a plan run, by the policy's denied hazards?"""

from collections.abc import Iterable

from pgfleet.documents.rollout_plan import Gate, HazardEntry, ScriptEntry

MOST_NAMED = 5


def denial(scripts: Iterable[ScriptEntry], environment: str) -> str | None:
    """Why the plan must not be carried out, and both ways out, in one line; None if it may be."""
    denied = [(script, each) for script in scripts for each in script.hazards if each.gate is Gate.DENY]
    if not denied:
        return None
    named = "; ".join(describe_denied(script, each) for script, each in denied[:MOST_NAMED])
    more = f"; and {len(denied) - MOST_NAMED} more" if len(denied) > MOST_NAMED else ""
    codes = ", ".join(f'"{each}"' for each in dict.fromkeys(str(hazard.code) for _, hazard in denied))
    return f"denied: {named}{more}; {ways_out(denied[0][0], codes, environment)}"


def describe_denied(script: ScriptEntry, hazard: HazardEntry) -> str:
    """`5_drop.sql, line 3: DELETES_DATA (users.email: drops the column with its values)`."""
    what = ": ".join(filter(None, (hazard.object, hazard.detail)))
    line = f", line {hazard.line}" if hazard.line else ""
    return f"{script.title}{line}: {hazard.code}" + (f" ({what})" if what else "")


def ways_out(script: ScriptEntry, codes: str, environment: str) -> str:
    """What makes the rollout possible."""
    policy = f"change deny in [environments.{environment}.hazards] of the fleet file"
    if script.file is None:
        return f"if this is intended, {policy}; otherwise leave out --repair"
    return f"if this is intended, set allows = [{codes}] in its entry of the manifest, or {policy}"
