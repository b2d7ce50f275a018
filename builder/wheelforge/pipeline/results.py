"""Keys, outputs and entries of a plan's steps, looked up as they come into being."""

from __future__ import annotations

from wheelforge.errors import InputError
from wheelforge.graph import FetchStep, Plan, Step, counts, key_of
from wheelforge.pipeline.options import Home
from wheelforge.store import Entry, Found


class Results:
    """The results of a plan's steps, whoever made them: an earlier run, this one, another one."""

    def __init__(self, plan: Plan, home: Home) -> None:
        self._steps = {step.id: step for step in plan.steps}
        self._home = home
        self._found: dict[str, Entry] = {}
        self.keys: dict[str, str] = {}

    def needs(self, step: Step) -> dict[str, str]:
        """The outputs a step's key is made of; InputError names a step that has not run."""
        return {name: self._output(self._steps[name]) for name in step.needs if counts(name)}

    def look(self, step: Step) -> Found:
        """A step's result now: what it needs has to have run."""
        key = key_of(step, self.needs(step))
        self.keys[step.id] = key
        found = self._home.store.find(key, step.name, step.version)
        if found.entry is not None:
            self._home.store.touch(found.entry.path)
        return found

    def entry(self, name: str) -> Entry:
        """The result of a step that has run."""
        if name not in self._found:
            step = self._steps[name]
            found = self.look(step)
            if found.entry is None:
                raise InputError(
                    f"the step {name} has no result yet" + (f": {found.fault}" * bool(found.fault)),
                    where=name,
                    remedy=f"run it first: wheelforge step run PLAN {name}",
                )
            self._found[name] = found.entry
        return self._found[name]

    def put(self, step: Step, entry: Entry) -> None:
        """Note a result that was just made."""
        self._found[step.id] = entry

    def entries(self, step: Step) -> dict[str, Entry]:
        """The results of everything a step needs that is kept in the store."""
        return {
            name: self.entry(name)
            for name in step.needs
            if not isinstance(self._steps[name], FetchStep) and counts(name)
        }

    def _output(self, step: Step) -> str:
        if not isinstance(step, FetchStep):
            return self.entry(step.id).manifest.output
        identity = self._home.sources.identity(step.what)
        if not identity:
            raise InputError(
                "it has not been fetched yet",
                where=step.id,
                remedy=f"run it first: wheelforge step run PLAN {step.id}",
            )
        return identity
