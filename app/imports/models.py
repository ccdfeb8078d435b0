from sqlalchemy import BigInteger, ForeignKeyConstraint, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, NewUuid, Now, OfOrganisation, Uuid, Words


class Upload(OfOrganisation, Base):
    """A file as it was received."""

    __tablename__ = "uploads"

    upload_id: Mapped[NewUuid]
    file_name: Mapped[Words]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Now]


class UploadChunk(OfOrganisation, Base):
    """A stretch of an upload's bytes, so that neither side ever holds a whole file."""

    __tablename__ = "upload_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "upload_id"], ["uploads.org_id", "uploads.upload_id"], ondelete="CASCADE"
        ),
    )

    upload_id: Mapped[Uuid] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
