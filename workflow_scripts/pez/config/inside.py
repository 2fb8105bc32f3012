"""Any kind of measurement inside a network, as one type of the configuration."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pez.inside.registry import find_inside_section, inside_kinds
from pez.inside.spec import InsideSpec

if TYPE_CHECKING:
    AnyInsideSpec = InsideSpec
else:
    _SECTIONS = [find_inside_section(kind) for kind in inside_kinds()]
    AnyInsideSpec = Annotated[reduce(or_, _SECTIONS), Field(discriminator="kind")]
