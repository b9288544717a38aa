import os
import stat

import pytest
from phenolens.engine.errors import InputError
from phenolens.engine.service.workspace import PathError, Workspace


@pytest.mark.parametrize(
    "text",
    [
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "/etc/passwd",
        "//host/share",
        "C:/Windows",
        "c:x",
        "\\\\host\\share",
        "a\\..\\..\\x",
        "~/x",
        "a\0b",
        "a\nb",
        "",
        "   ",
        ".phenolens/service.json",
        "./.phenolens",
        ".PHENOLENS/service.json",
        ".Phenolens",
        "a" * 2000,
        "\ud800",
        "/".join(["x" * 300] * 2),
    ],
)
def test_no_path_leads_out_of_the_workspace_or_into_its_state(workspace, text):
    with pytest.raises(PathError) as refused:
        workspace.resolve(text)
    assert refused.value.code == "path"
    assert refused.value.remedy


def test_plain_paths_are_resolved_and_told_alike(workspace):
    path = workspace.resolve("maps/./forest é.tif")
    assert path == workspace.root / "maps" / "forest é.tif"
    assert workspace.relative(path) == "maps/forest é.tif"


def test_links_that_lead_out_are_refused_and_links_within_followed(workspace, tmp_path):
    (tmp_path / "outside").mkdir()
    (workspace.root / "inside").mkdir()
    (workspace.root / "out").symlink_to(tmp_path / "outside")
    (workspace.root / "within").symlink_to(workspace.root / "inside")
    (workspace.root / "state").symlink_to(workspace.state)
    (workspace.root / "loop").symlink_to(workspace.root / "loop")
    assert workspace.resolve("within/x") == workspace.root / "inside" / "x"
    for text in ("out", "out/x", "state/service.json", "within/../../x"):
        with pytest.raises(PathError):
            workspace.resolve(text)
    with pytest.raises(InputError):
        workspace.existing("loop")


def test_a_workspace_that_is_reached_through_a_link_works(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    workspace = Workspace(tmp_path / "link")
    assert workspace.resolve("x") == tmp_path / "real" / "x"


def test_its_state_is_for_this_user_alone_whatever_was_there(tmp_path):
    (tmp_path / ".phenolens").mkdir(mode=0o777)
    workspace = Workspace(tmp_path)
    assert stat.S_IMODE(workspace.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((workspace.state / "jobs").stat().st_mode) == 0o700


def test_its_state_is_known_by_what_it_is_where_a_file_system_has_several_names_for_it(workspace):
    short = workspace.root / "PHENOL~1"  # as Windows shortens names
    short.mkdir()
    workspace.state = short
    with pytest.raises(PathError):
        workspace.resolve("PHENOL~1/service.json")


def test_a_state_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / ".phenolens").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PathError):
        Workspace(tmp_path / "workspace")


def test_a_workspace_that_is_no_folder_is_said_so(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        Workspace(tmp_path / "absent")


def test_sources_lie_in_the_workspace_or_in_folders_that_the_user_has_added(workspace, tmp_path):
    data = tmp_path / "scenes"
    data.mkdir()
    scene = data / "scene.nc"
    scene.touch()
    (data / "leak").symlink_to("/etc/hostname")
    (workspace.root / "own.nc").touch()
    assert workspace.source("own.nc") == workspace.root / "own.nc"
    with pytest.raises(PathError, match="no data folder"):
        workspace.source(str(scene))
    workspace.add_data_folder(data)
    workspace.add_data_folder(data)
    assert workspace.data_folders == (data,)
    assert Workspace(workspace.root).source(str(scene)) == scene
    for text in ("/etc/hostname", f"{data}/../x", f"{data}/leak", f"{data}x"):
        with pytest.raises(PathError):
            workspace.source(text)
    with pytest.raises(InputError, match="no such file"):
        workspace.source(f"{data}/absent.nc")
    with pytest.raises(InputError, match="no folder"):
        workspace.add_data_folder(tmp_path / "absent")


def test_stores_and_probes_are_found_below_but_not_inside_stores_hidden_folders_or_links(workspace):
    store = '{"attributes": {"kind": "phenolens embedding store", "status": "complete"}}'
    for folder in ("a.zarr", "deep/er/b.zarr", "a.zarr/inner.zarr", ".hidden/c.zarr"):
        path = workspace.root / folder
        path.mkdir(parents=True)
        (path / "zarr.json").write_text(store)
    (workspace.root / "other.zarr").mkdir()
    (workspace.root / "other.zarr" / "zarr.json").write_text('{"attributes": 3}')
    (workspace.root / "deep" / "lc.probe").touch()
    (workspace.root / "deep" / ".lc.12.partial.probe").touch()  # a job is at it
    os.symlink(workspace.root / "deep", workspace.root / "link")
    assert workspace.stores() == ["a.zarr", "deep/er/b.zarr"]
    assert workspace.probes() == ["deep/lc.probe"]
