"""A plan as a graph for other programs to draw."""

from __future__ import annotations

from wheelforge.graph import Plan


def mermaid(plan: Plan) -> str:
    """The DAG as a Mermaid flowchart; an edge leads from a step to those that need it."""
    names = {step.id: f"s{number}" for number, step in enumerate(plan.steps)}
    lines = ["flowchart LR"]
    for step in plan.steps:
        verdict = plan.states[step.id].verdict
        lines.append(f'  {names[step.id]}["{step.id} {step.version}"]:::{verdict}')
    for step in plan.steps:
        lines += [f"  {names[need]} --> {names[step.id]}" for need in step.needs]
    lines += [
        "  classDef cached fill:#d5f5e3,stroke:#1e8449",
        "  classDef todo fill:#fdebd0,stroke:#b9770e",
        "  classDef idle fill:#eaeded,stroke:#839192",
    ]
    return "\n".join(lines) + "\n"


def dot(plan: Plan) -> str:
    """The DAG for Graphviz."""
    styles = {"cached": "filled", "todo": "bold", "idle": "dashed"}
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box];"]
    for step in plan.steps:
        style = styles[plan.states[step.id].verdict]
        lines.append(f'  "{step.id}" [label="{step.id}\\n{step.version}", style={style}];')
    for step in plan.steps:
        lines += [f'  "{need}" -> "{step.id}";' for need in step.needs]
    return "\n".join([*lines, "}"]) + "\n"
