"""Where reads are asked for: one desk per service, with everything that it has opened, fitted and kept."""

from ...errors import InputError
from ..workspace import Workspace
from .layers import Drawing, Look, StoreLayers
from .maps import Answer, Format, Part, drawn
from .stores import OpenStore, Stores


class Desk:
    """Answers reads; may be asked from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.stores = Stores(workspace)
        self.layers = StoreLayers()

    def drawing(self, opened: OpenStore, look: Look) -> Drawing:
        """`InputError` for a layer that there isn't."""
        makers = {name: self.layers.drawing for name in ("pca", "dim", "support", "embedding", "cluster")}
        if look.kind not in makers:
            raise InputError("there is no such layer", value=look.layer, remedy=", ".join(makers))
        return makers[look.kind](opened, look)

    def map(self, store: str, look: Look, part: Part, form: Format) -> Answer:
        opened = self.stores.open(store)
        return drawn(opened, self.drawing(opened, look), part, form)
