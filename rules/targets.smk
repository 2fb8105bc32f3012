"""What people ask for: every target, what it shows, its time, and whether its picture is up to date."""

TARGETS = {
    **{
        figure: f"{spec.title}, with controls and verdict"
        for figure, spec in CONFIG.figures.items()
    },
    **{
        figure: f"inside the network: {shows(picture)}{', of movies' * of_movies(spec)}"
        for spec in CONFIG.inside.values()
        for figure, picture in spec.figures.items()
    },
    **{f"sweep_{name}": f"{CONFIG.sweeps[name].size} recipes" for name in CONFIG.sweeps},
    **{
        f"{figure}_timings": "what its jobs took; for every figure above likewise"
        for figure in list(CONFIG.figures)[:1]
    },
    "audit": "every protocol at once, and a ledger of claims (section audit)",
    "page": "one file of HTML with all figures, an explorer of their curves, and provenance",
    "all": "every configured figure, and the clips' contact sheets and previews",
    "paper": "every configured figure and table; of the paper with configs/paper.yaml",
    "pretrain_nano": "the small encoder, trained anew (GPU hours); draw_pretraining shows its log",
    "intphys": "the possible and impossible movies, checked and cut into clips",
    "clips": "the other datasets, with a contact sheet and a preview of each",
}


def state_of(target):
    """Whether the picture of `target` is there, and made as this configuration and code would."""
    if target in CONFIG.figures:
        drawn, made_of = note("draw_figure", target), draw_made
    elif target in INSIDE_FIGURES:
        drawn, made_of = note("draw_inside", target), draw_inside_made
    else:
        return ""
    if not all(map(os.path.exists, figure_files(target))):
        return ""
    try:
        current = read_note(drawn) == made_of(target)["provenance"]
    except WorkflowError:  # what it is drawn from is gone, or refused
        current = False
    return " [up to date]" if current else " [out of date]"


def minutes():
    """Measured minutes of targets on two cores; nothing is known of other configurations."""
    given = workflow.config_settings
    if given.configfiles or given.config:
        return {}
    return yaml.safe_load((CHECKOUT / "resources/minutes.yaml").read_text())


def target_lines():
    """A line for every target: its name, what it shows, its time, and whether it is up to date."""
    width, times = max(map(len, TARGETS)), minutes()
    lines = []
    for name, what in TARGETS.items():
        time = f", {times[name]} min" if name in times else ""
        lines.append(f"{name:{width}}  {what}{time}{state_of(name)}")
    if times:
        lines.append(
            "min: on two cores without a GPU; of figure2c, clips and intphys from nothing, of the "
            "audit from its features, of the rest from clips and movies"
        )
    return lines


def with_targets(list_rules):
    """Have `--list` show targets, which are what people ask for, and not two hundred names."""

    def listed(only_targets=False):
        if only_targets:
            list_rules(only_targets)
        else:
            print(*target_lines(), sep="\n")

    return listed


workflow.list_rules = with_targets(workflow.list_rules)
