"""`audiocodec web`."""

from __future__ import annotations

from pathlib import Path

import click

from audiocodec._util.terminal import printable
from audiocodec.cli import completion, options
from audiocodec.errors import OutputError


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="HTML file to write, for a token file.")
@click.option(
    "--model",
    "-m",
    multiple=True,
    shell_complete=completion.models,
    help="Model of the page, or of the token file; several for a page (default: all).",
)
@click.option("--serve", is_flag=True, help="Serve the page on this machine; write it first if it is not there.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port to serve at.")
@click.option(
    "--runtime",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="WASM file of onnxruntime-web, where it did not come with the page.",
)
@options.force
def web(
    source: Path,
    output: Path | None,
    model: tuple[str, ...],
    serve: bool,
    port: int,
    runtime: Path | None,
    force: bool,
) -> None:
    """Write the page that plays and makes token files in a browser, or a token file as one HTML file.

    SOURCE is the folder to write the page to, for any static host; or a token file (.fsq), which becomes one HTML file
    with its decoder inside that plays by double click. docs/web.md has more.

    \b
    Example:
        audiocodec web site/ --serve
        audiocodec web sound.fsq -o sound.html
    """
    if source.suffix.lower() == ".fsq":
        if serve or len(model) > 1:
            raise click.UsageError("A token file becomes one HTML file: --serve and several models are for a page.")
        _write_single(source, output or source.with_suffix(".html"), model, runtime, force)
        return
    if output is not None:
        raise click.UsageError("--output goes with a token file; a page is written to the folder that is named.")
    if force or not serve or not (source / "index.html").exists():
        _write_page(source, model, runtime, force)
    if serve:
        _serve(source, port)


def _write_single(source: Path, target: Path, model: tuple[str, ...], runtime: Path | None, force: bool) -> None:
    from audiocodec._util.files import replacing
    from audiocodec.model.bundle import load_bundle
    from audiocodec.web import single_page

    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{target}: is to be an HTML file; name it .html")
    text = single_page(source, load_bundle(model[0]) if model else None, runtime)
    with replacing(target, force, source) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(printable(f"{target}: {target.stat().st_size / 1e6:.1f} MB"), err=True)


def _write_page(folder: Path, model: tuple[str, ...], runtime: Path | None, force: bool) -> None:
    from audiocodec.model.bundle import list_models, load_bundle
    from audiocodec.web import write_page

    names = model or sorted(list_models(), key="speech-16k".__ne__)  # the page offers the first one
    paths = write_page(folder, [load_bundle(name) for name in names], runtime, force)
    size = sum(path.stat().st_size for path in paths)
    click.echo(printable(f"{folder}: {len(paths)} files, {size / 1e6:.1f} MB"), err=True)


def _serve(folder: Path, port: int) -> None:
    from audiocodec.web import serve

    with serve(folder, port) as server:
        click.echo(f"http://localhost:{server.server_port}/ (Ctrl-C ends it)", err=True)
        server.serve_forever()
