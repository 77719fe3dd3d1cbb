"""IDX files: read exactly, and every way a file can be wrong."""

import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from purenet import data

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def images(array):
    return struct.pack(">4I", 0x803, *array.shape) + array.astype(np.uint8).tobytes()


def labels(array):
    return struct.pack(">2I", 0x801, len(array)) + np.asarray(array, np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    draw = np.random.default_rng(0)
    (tmp_path / TRAIN_IMAGES).write_bytes(images(draw.integers(0, 256, (5, 4, 3))))
    (tmp_path / TRAIN_LABELS).write_bytes(labels([0, 1, 2, 3, 9]))
    (tmp_path / TEST_IMAGES).write_bytes(images(np.full((2, 4, 3), 255)))
    (tmp_path / TEST_LABELS).write_bytes(labels([4, 5]))
    return tmp_path


def test_mnist_reads_the_counts_that_the_headers_state(folder):
    dataset = data.mnist(folder)
    assert dataset.x_train.shape == (5, 12)
    np.testing.assert_array_equal(dataset.t_train, [0, 1, 2, 3, 9])
    np.testing.assert_array_equal(dataset.x_test, np.ones((2, 12)))
    np.testing.assert_array_equal(dataset.t_test, [4, 5])


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS])
def test_mnist_reads_gzipped_files_alike(folder, name):
    plain = data.mnist(str(folder))
    raw = (folder / name).read_bytes()
    (folder / name).unlink()
    (folder / f"{name}.gz").write_bytes(gzip.compress(raw))
    for one, other in zip(plain, data.mnist(folder), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere, which does not exist; wanted a folder"):
        data.mnist(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"no file {name} or {name}.gz in .*; wanted one"):
        data.mnist(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "of 0 bytes; wanted a header of 16 bytes"),
        (struct.pack(">4I", 0x803, 5, 4, 3) + b"\0" * 59, "59 bytes of data; wanted 60.*truncated"),
        (struct.pack(">4I", 0x803, 5, 4, 3) + b"\0" * 61, "more than 60 bytes of data.*longer"),
        (struct.pack(">4I", 0x801, 5, 4, 3) + b"\0" * 60, "0x00000801; wanted 0x00000803"),
        (
            struct.pack(">4I", 0x803, 0, 4, 3),
            r"header of \(0, 4, 3\), .*; wanted one image or more",
        ),
        (
            struct.pack(">4I", 0x803, 5, 0, 3),
            r"header of \(5, 0, 3\), .*; wanted one image or more",
        ),
    ],
    ids=["empty", "truncated", "too long", "wrong magic", "no images", "no pixels"],
)
def test_a_damaged_file_of_images_is_named_with_what_was_expected(folder, content, message):
    (folder / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(ValueError, match=f"{TRAIN_IMAGES}.*{message}"):
        data.mnist(folder)


def test_a_file_without_labels_is_named(folder):
    (folder / TRAIN_LABELS).write_bytes(labels([]))
    with pytest.raises(ValueError, match=f"{TRAIN_LABELS} with a header of .*; wanted one label"):
        data.mnist(folder)


def test_a_label_above_nine_is_refused(folder):
    (folder / TRAIN_LABELS).write_bytes(labels([0, 1, 2, 3, 10]))
    with pytest.raises(ValueError, match=f"{TRAIN_LABELS} with the label 10; wanted .* 0 to 9"):
        data.mnist(folder)


def test_as_many_labels_as_images(folder):
    (folder / TRAIN_LABELS).write_bytes(labels([0, 1]))
    with pytest.raises(ValueError, match=r"5 images in .* and 2 labels in .*; wanted as many"):
        data.mnist(folder)


def test_images_of_one_size(folder):
    (folder / TEST_IMAGES).write_bytes(images(np.zeros((2, 3, 3))))
    with pytest.raises(ValueError, match=r"12 pixels an image in .* and 9 in .*; wanted images of"):
        data.mnist(folder)


@pytest.mark.parametrize(
    "damage", [lambda z: z[:-9], lambda z: b"xx" + z[2:], lambda z: z[:20] + b"\xff" * 9 + z[29:]]
)
def test_a_damaged_gzip_file_is_named(folder, damage):
    raw = (folder / TRAIN_IMAGES).read_bytes()
    (folder / TRAIN_IMAGES).unlink()
    (folder / f"{TRAIN_IMAGES}.gz").write_bytes(damage(gzip.compress(raw)))
    with pytest.raises(ValueError, match=f"{TRAIN_IMAGES}.gz, which does not decompress"):
        data.mnist(folder)


def test_no_more_is_decompressed_than_the_header_announces(folder):
    (folder / TRAIN_IMAGES).unlink()
    path, packed = folder / f"{TRAIN_IMAGES}.gz", zlib.compressobj(wbits=31)
    with path.open("wb") as file:
        file.write(packed.compress(struct.pack(">4I", 0x803, 5, 4, 3)))
        for _ in range(64):
            file.write(packed.compress(bytes(2**20)))
        file.write(packed.flush())
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 60 bytes of data; wanted 60"):
        data.mnist(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("folder", [3, None, b"mnist"])
def test_a_folder_that_is_no_path_is_refused(folder):
    with pytest.raises(TypeError, match=r"got a folder of type .*; wanted the path of one with"):
        data.mnist(folder)


def test_fashion_mnist_is_the_same_format_from_its_own_folder(folder):
    for one, other in zip(data.fashion_mnist(folder), data.mnist(folder), strict=True):
        np.testing.assert_array_equal(one, other)
