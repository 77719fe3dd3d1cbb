"""Data sets in MNIST's format: four IDX files in a folder, every header and length checked."""

import gzip
import math
import struct
import zlib
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from purenet.data.dataset import Dataset

_IMAGES_MAGIC, _LABELS_MAGIC = 0x00000803, 0x00000801
_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "t_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "t_test": "t10k-labels-idx1-ubyte",
}


def mnist(folder: str | Path) -> Dataset:
    """MNIST, or a data set in its format, from the four IDX files in a folder, gzipped or not.

    Args:
        folder: holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
            t10k-labels-idx1-ubyte, each as it is or with .gz behind it. Counts are those that the
            headers state.

    Returns:
        A `Dataset`, grey values divided by 255.

    Raises:
        FileNotFoundError: where a file is missing; the message names it.
        TypeError: where folder is no path.
        ValueError: where a file is truncated, corrupt, or does not fit the others.

    Source: LeCun, Cortes & Burges, the MNIST database of handwritten digits; the IDX format.
    """
    if not isinstance(folder, str | PathLike):
        raise TypeError(
            f"got a folder of type {type(folder).__name__}; wanted the path of one with the four "
            "IDX files; pass its name as text"
        )
    folder = Path(folder)
    paths = {part: _find(folder, name) for part, name in _FILES.items()}
    arrays = {part: _read_idx(path, images=part.startswith("x")) for part, path in paths.items()}
    for half in ("train", "test"):
        images, labels = arrays[f"x_{half}"], arrays[f"t_{half}"]
        if len(images) != len(labels):
            raise ValueError(
                f"got {len(images)} images in {paths[f'x_{half}']} and {len(labels)} labels in "
                f"{paths[f't_{half}']}; wanted as many labels as images; take both files from the "
                "same data set"
            )
    if arrays["x_train"].shape[1] != arrays["x_test"].shape[1]:
        raise ValueError(
            f"got {arrays['x_train'].shape[1]} pixels an image in {paths['x_train']} and "
            f"{arrays['x_test'].shape[1]} in {paths['x_test']}; wanted images of one size; take "
            "both files from the same data set"
        )
    return Dataset(**arrays)


def fashion_mnist(folder: str | Path) -> Dataset:
    """Fashion-MNIST from the four IDX files in a folder, gzipped or not: `mnist` by another name.

    The files have the names, sizes and format of MNIST's, by design, so that nothing in them tells
    the two apart: the folder is what says which it is. Labels, from 0: T-shirt, trouser, pullover,
    dress, coat, sandal, shirt, sneaker, bag, ankle boot.

    Args:
        folder: as for `mnist`.

    Returns:
        A `Dataset`, grey values divided by 255.

    Raises:
        FileNotFoundError, ValueError: as `mnist`.

    Source: Xiao, Rasul & Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017.
    """
    return mnist(folder)


def _find(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(
            f"got the folder {folder}, which does not exist; wanted a folder with the four IDX "
            f"files {', '.join(_FILES.values())}, each with or without .gz; check the path"
        )
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"got no file {name} or {name}.gz in {folder}; wanted one of them; "
        "put the four IDX files of the data set there"
    )


def _read_idx(path: Path, *, images: bool) -> np.ndarray:
    """The images, scaled and flattened, or the labels, of one file.

    No more is read, or decompressed, than the header announces, and one byte.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _shape(path, file, images=images)
            content = file.read(math.prod(shape) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"got {path}, which does not decompress ({error}); wanted a complete gzip file; "
            "it is truncated or corrupt: fetch it again"
        ) from error
    expected = math.prod(shape)
    if len(content) != expected:
        got = f"{len(content)}" if len(content) < expected else f"more than {expected}"
        state = "truncated" if len(content) < expected else "longer than its header says"
        raise ValueError(
            f"got {path} with {got} bytes of data; wanted {expected}, by its header of {shape}; "
            f"the file is {state}: fetch it again"
        )
    data = np.frombuffer(content, np.uint8)
    if images:
        return data.reshape(shape[0], -1) / 255.0
    if data.max() > 9:
        raise ValueError(
            f"got {path} with the label {data.max()}; wanted labels from 0 to 9; "
            "the file is corrupt: fetch it again"
        )
    return data.astype(np.int64)


def _shape(path: Path, file: Any, *, images: bool) -> tuple[int, ...]:
    """The shape that a file's header announces."""
    dimensions, magic = (3, _IMAGES_MAGIC) if images else (1, _LABELS_MAGIC)
    size = 4 + 4 * dimensions
    header = file.read(size)
    if len(header) < size:
        raise ValueError(
            f"got {path} of {len(header)} bytes; wanted a header of {size} bytes at least; "
            "the file is truncated: fetch it again"
        )
    found, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if found != magic:
        kind = "images" if images else "labels"
        raise ValueError(
            f"got {path} with the magic number {found:#010x}; wanted {magic:#010x}, that of an IDX "
            f"file of {kind}; the file is corrupt or another one: fetch it again"
        )
    if not math.prod(shape):
        raise ValueError(
            f"got {path} with a header of {tuple(shape)}, which is no data at all; wanted one "
            f"{'image' if images else 'label'} or more; the file is corrupt: fetch it again"
        )
    return tuple(shape)
