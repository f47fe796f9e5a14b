"""What is as it was, here and now: input files and the user's own modules. Looked at before anything runs."""

from ensession.session.checks.around import Lookout, Surroundings, look_around, unrunnable_elsewhere
from ensession.session.checks.inputs import InputCheck
from ensession.session.checks.modules import ModuleState, check_modules, write_modules

__all__ = [
    "InputCheck",
    "Lookout",
    "ModuleState",
    "Surroundings",
    "check_modules",
    "look_around",
    "unrunnable_elsewhere",
    "write_modules",
]
