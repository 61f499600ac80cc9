"""How a file is cut into the parts of a multipart upload.

The limits are those of https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html and of
PutObject; other S3 servers have the same limits or a smaller maximum object size.
"""

from dataclasses import dataclass

MIB = 1024**2
MIN_PART_SIZE = 5 * MIB
"""Bytes; only the last part may be smaller."""
MAX_PART_SIZE = 5 * 1024**3
MAX_PARTS = 10_000
MAX_SINGLE_PUT = 5 * 1024**3
"""The most bytes that one PutObject or POST may carry, or one CopyObject may copy."""
MAX_OBJECT_SIZE = 50 * 1000**4
"""Bytes: S3 accepts objects up to 50 TB; 10,000 parts of 5 GiB would reach 53.7 TB."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A file of `size` bytes in parts of `part_size` bytes, of which the last may be shorter."""

    size: int
    part_size: int

    @property
    def part_count(self) -> int:
        """At least one: S3 cannot complete an upload without parts, even an empty one."""
        return max(1, -(-self.size // self.part_size))

    def length(self, part_number: int) -> int:
        """The length of a part in bytes; parts are numbered from 1, as in S3.

        Raises:
            ValueError: there is no such part.
        """
        if not 1 <= part_number <= self.part_count:
            raise ValueError(f"Part numbers range from 1 to {self.part_count}, not {part_number}.")
        return min(self.part_size, self.size - (part_number - 1) * self.part_size)


def plan_parts(size: int, preferred_part_size: int) -> PartPlan:
    """Split `size` bytes into parts of `preferred_part_size`, or larger if that exceeds 10,000.

    A part size that had to grow is rounded up to whole MiB, which keeps offsets readable.

    Raises:
        ValueError: S3 cannot store an object of this size.
    """
    if not 0 <= size <= MAX_OBJECT_SIZE:
        raise ValueError(f"A file has between 0 and {MAX_OBJECT_SIZE} bytes, not {size}.")
    needed = -(-size // MAX_PARTS)
    if preferred_part_size < needed:
        preferred_part_size = -(-needed // MIB) * MIB
    return PartPlan(size, min(max(preferred_part_size, MIN_PART_SIZE), MAX_PART_SIZE))
