"""How a file is cut into the parts of a multipart upload.

The limits are those of https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html and of
PutObject; other S3 servers keep the same ones or lower the largest object.
"""

from dataclasses import dataclass

MIB = 1024**2
MIN_PART_SIZE = 5 * MIB
"""Bytes; the last part alone may be smaller."""
MAX_PART_SIZE = 5 * 1024**3
MAX_PARTS = 10_000
MAX_SINGLE_PUT = 5 * 1024**3
"""Bytes one PutObject or POST may carry; also what CopyObject copies in one call."""
MAX_OBJECT_SIZE = 50 * 1000**4
"""Bytes: S3 takes objects up to 50 TB; 10,000 parts of 5 GiB would reach 53.7 TB."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A file of `size` bytes as `part_count` parts of `part_size` bytes, the last one shorter."""

    size: int
    part_size: int

    @property
    def part_count(self) -> int:
        """At least one: S3 cannot complete an upload without parts, even an empty one."""
        return max(1, -(-self.size // self.part_size))

    def length(self, part_number: int) -> int:
        """Bytes of one part, counted from 1 as S3 does.

        Raises:
            ValueError: there is no such part.
        """
        if not 1 <= part_number <= self.part_count:
            raise ValueError(f"Part numbers run from 1 to {self.part_count}, not {part_number}.")
        return min(self.part_size, self.size - (part_number - 1) * self.part_size)


def plan_parts(size: int, preferred_part_size: int) -> PartPlan:
    """Cut `size` bytes into parts of `preferred_part_size`, larger where 10,000 are too few.

    A part size that had to grow is rounded up to whole MiB, which keeps offsets readable.

    Raises:
        ValueError: S3 holds no object of this size.
    """
    if not 0 <= size <= MAX_OBJECT_SIZE:
        raise ValueError(f"A file has between 0 and {MAX_OBJECT_SIZE} bytes, not {size}.")
    needed = -(-size // MAX_PARTS)
    if preferred_part_size < needed:
        preferred_part_size = -(-needed // MIB) * MIB
    return PartPlan(size, min(max(preferred_part_size, MIN_PART_SIZE), MAX_PART_SIZE))
