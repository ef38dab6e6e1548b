"""Command and control (S56 S109): much comes from the top, so citizens own little of it, and it does not last.

Expected: more calls by governments, and supported services end sooner.
"""
import letsdance as ld

command = ld.Mechanism("command", title="Command and control", source="seed", reference="S56 S109",
                       says="Much comes from the top, so that little of it is citizens' own.")
command.parameter("commanded", 0, (0, 1), "share", says="How far everything is directed from the top.")
command.parameter("disowned", 0.6, (0, 3), "logit", says="How much sooner services end that nobody feels are theirs.")


@command.term("end of services")
def nobodys(commanded, disowned):
    """commanded disowned."""
    return commanded * disowned


command.shock("command_and_control", "command and control", [
    {"parameter": "commanded", "add": 1}, {"parameter": "f_g", "multiply": 1.3}, {"parameter": "own_called", "add": -0.1},
    {"parameter": "own_joint", "add": -0.1}], says="The top directs what is done and how.")
