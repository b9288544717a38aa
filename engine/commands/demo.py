"""`demo`: both samples, embedded and drawn."""

from pathlib import Path
from typing import Annotated

import typer

from .flags import RunFlags, flattened, keep_config
from .terminal import Bar, Run, duration


@flattened
def demo(
    ctx: typer.Context,
    flags: RunFlags,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo-output"),
    model: Annotated[str | None, typer.Option(help="A shipped model's name or a .safetensors file.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results.")] = False,
) -> None:
    """Embed the bundled samples and draw maps and series into a page of pictures."""
    run: Run = ctx.obj
    from ..demo import run_demo
    from ..representation.checkpoint import DEFAULT_MODEL

    chosen = model or DEFAULT_MODEL
    with Bar(run) as bar:
        done = run_demo(out, model=chosen, overwrite=overwrite, listener=bar, cancel=run.cancel)
    config = keep_config(ctx, out / "demo", model=chosen)
    values = {"page": str(done.page), "stores": [str(s) for s in done.stores], "config": str(config)}
    run.result(values, f"done in {duration(done.seconds)}; open {done.page.absolute()}")
