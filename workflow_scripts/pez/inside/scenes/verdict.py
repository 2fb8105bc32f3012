"""What is said of what one model reads in clips of several objects."""

from collections.abc import Iterator, Mapping, Sequence

from pez.emergence.facts import ModelFacts
from pez.estimands.landmarks import peak_draws
from pez.inside.head_statistics import Interval, interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.scenes.tasks import COLLISION, COUNT, KINDS, MOVING
from pez.inside.tasks.course import Course
from pez.inside.tasks.words import estimates_of, of_task, points

IN_WORDS = {
    COUNT: "number of objects",
    KINDS: "kinds of objects",
    MOVING: "number that move",
    COLLISION: "collision",
}
Courses = Mapping[str, Course]


def verdict_of(
    model: str, own: Courses, numbers: Courses, untrained: Sequence[Courses], facts: ModelFacts
) -> ModelVerdict:
    """Say whether collisions become readable with depth, beyond what numbers of objects tell.

    Args:
        model: its name.
        own: courses of the tasks.
        numbers: the same, of one state, read from the numbers of objects.
        untrained: courses in untrained networks, one entry a seed.
        facts: what is known of the model.
    """
    said: list[Number] = []
    answer, reason = _answer(own, numbers, untrained, said)
    statements = []
    for task, course in own.items():
        found = course.estimates()
        others = [one[task] for one in untrained]
        statements.append(of_task(IN_WORDS[task], course, found, others))
        said += estimates_of(IN_WORDS[task], found)
    statements += _beyond_numbers(own, numbers, said)
    statements.append(
        "More objects collide more often and are more likely to hold any kind: what the numbers of "
        "objects tell alone stands beside every task."
    )
    return said_of(
        model,
        facts,
        question=(
            "Is it read from some state whether objects collide, better than from the numbers of "
            "objects and of those that move, better than at state 0, and by a larger rise than in "
            "untrained networks?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=said,
    )


def _answer(
    own: Courses, numbers: Courses, untrained: Sequence[Courses], said: list[Number]
) -> tuple[Answer, str]:
    if COLLISION not in own:
        return "undecided", "all clips or none hold a collision."
    course = own[COLLISION]
    rise = interval(*course.rise())
    beyond = _beyond(course, numbers[COLLISION])
    said.append(number_of("rise of accuracy from state 0, collision", rise))
    told = (
        f"at state {course.accuracy.argmax()} accuracy is {points(beyond)} points above what the "
        f"numbers of objects tell and {points(rise)} above state 0"
    )
    if not untrained:
        return "undecided", f"{told}; no untrained network stands beside it."
    more = []
    for seed in untrained:
        (value, drawn), (other, other_drawn) = course.rise(), seed[COLLISION].rise()
        more.append(interval(value - other, drawn - other_drawn))
    said += [number_of("that rise less an untrained network's", one) for one in more]
    told += f", a rise {', '.join(map(points, more))} larger than in untrained networks"
    needed = (beyond, rise, *more)
    if all(one.low > 0 for one in needed):
        return "yes", f"{told}."
    if any(one.high <= 0 for one in needed):
        return "no", f"{told}."
    return "undecided", f"{told}."


def _beyond(course: Course, numbers: Course) -> Interval:
    """Accuracy at the best state less that from numbers of objects, free of picking the state."""
    drawn = peak_draws(course.accuracy, course.draws) - numbers.draws[:, 0]
    return interval(course.accuracy.max() - numbers.accuracy[0], drawn)


def _beyond_numbers(own: Courses, numbers: Courses, said: list[Number]) -> Iterator[str]:
    for task, alone in numbers.items():
        beyond = _beyond(own[task], alone)
        said.append(number_of(f"{IN_WORDS[task]}: best state less numbers of objects", beyond))
        yield (
            f"{IN_WORDS[task].capitalize()}: the numbers of objects alone give "
            f"{100 * alone.accuracy[0]:.0f} %, the best state {points(beyond)} points more."
        )
