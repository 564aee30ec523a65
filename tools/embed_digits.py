#!/usr/bin/env python3
"""Writes data/digits_data.inc from the UCI digits as scikit-learn ships them.

    tools/embed_digits.py /usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz

The path is where Debian's package python3-sklearn installs the file: 1,797 rows of 64 pixels
(0 to 16) and a label. Each row becomes one string: 64 letters, 'a' for 0 to 'q' for 16, then the
label's digit.
"""
import gzip
import pathlib
import sys

HEADER = """\
// Optical Recognition of Handwritten Digits (test part, 1,797 images of 8x8 pixels).
// E. Alpaydin and C. Kaynak, 1998. UCI Machine Learning Repository, doi:10.24432/C50P49. CC BY 4.0.
// Changed in form only. Written by tools/embed_digits.py: 64 pixels, 'a' = 0 to 'q' = 16, the label.
"""


def main():
    rows = []
    with gzip.open(sys.argv[1], "rt") as lines:
        for line in lines:
            values = [int(float(v)) for v in line.split(",")]
            assert len(values) == 65 and all(0 <= v <= 16 for v in values[:64])
            rows.append("".join(chr(ord("a") + v) for v in values[:64]) + str(values[64]))
    assert len(rows) == 1797
    out = pathlib.Path(__file__).resolve().parent.parent / "data" / "digits_data.inc"
    out.write_text(HEADER + "".join(f'"{row}",\n' for row in rows))


if __name__ == "__main__":
    main()
