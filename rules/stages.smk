"""Names of stages: one name for the rules that are generated for every model or dataset.

Snakemake wants the outputs of a rule spelled out, and how many there are depends on a model's depth
or on a dataset. So such a stage is several rules, and its name, which logs and benchmarks go by,
would be none that options know. Functions only: the rules stand in the other files.
"""

# Rules of each stage, as `rule_of` has named them.
STAGES = {}
RULE_OPTIONS = ("forcerun", "until", "omit_from", "allowed_rules")


def rule_of(stage, rule):
    """Return `rule`, the name of a generated rule, and remember that it belongs to `stage`."""
    STAGES.setdefault(stage, []).append(rule)
    return rule


def rules_of(names):
    """Return `names` with the rules of a stage in place of the stage's name."""
    return {rule for name in names or () for rule in STAGES.get(name, [name])}


def stages_as_rules():
    """Let every option that takes names of rules take the names of stages as well.

    To be called when all rules stand. What an option sets for a single rule of a stage counts more
    than what one sets for the stage.
    """
    set_resources = workflow.resource_settings._parsed_overwrite_resources
    set_threads = workflow.resource_settings._parsed_overwrite_threads
    known = [rule.name for rule in workflow.rules] + list(STAGES)
    for option, names in (("--set-resources", set_resources), ("--set-threads", set_threads)):
        for name in names:
            if name not in known:
                raise WorkflowError(f"{option}: rule = {did_you_mean(name, known)}")
    for stage, rules in STAGES.items():
        for name in rules:
            generated = workflow.get_rule(name)
            if not generated.wildcard_names:
                generated._wildcard_names = NoTarget()
            resources = generated.resources
            for one in (stage, name):
                resources.update(set_resources.get(one, {}))
                if one in set_threads:
                    resources["_cores"] = set_threads[one]
    workflow.__class__ = StagedWorkflow


class NoTarget(set):
    """What stands in place of no wildcards. Snakemake makes every rule without wildcards that an
    option names a target, so that `figure2c --until extract_features` would extract features of
    every model there is. A rule with these is none."""

    def __bool__(self):
        return True


class StagedWorkflow(type(workflow)):
    """The workflow, once its rules stand. What to plan is told to it only then, as attributes, and
    Snakemake asks nobody about it: there is no other place to translate names in."""

    def __setattr__(self, name, value):
        if name == "dag_settings" and value is not None:
            given = {option: getattr(value, option) for option in RULE_OPTIONS}
            value = replace(value, **{option: rules_of(names) for option, names in given.items()})
        elif name == "scheduling_settings" and value is not None:
            value = replace(value, prioritytargets=rules_of(value.prioritytargets))
        elif name == "_persistence" and "lock" not in vars(value):  # which a dry run replaces
            value = with_run_lock(value)
        super().__setattr__(name, value)
