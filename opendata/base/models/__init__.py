"""All tables of the product, one file an aggregate."""

from opendata.base.models.account import Membership, User, UserSession
from opendata.base.models.base import Base
from opendata.base.models.dataset import (
    Dataset,
    DatasetDocument,
    DatasetRevision,
    DatasetTopic,
    FormerSlug,
    Resource,
)
from opendata.base.models.harvest import (
    HarvestApproval,
    HarvestBlob,
    HarvestEvent,
    HarvestFile,
    HarvestOverride,
    HarvestRecord,
    HarvestRun,
    HarvestSource,
    HarvestSpool,
)
from opendata.base.models.ledger import AuditEvent, Job, OutboxEntry
from opendata.base.models.organization import Organization, OrganizationSuccession, Series, Tag, Topic

__all__ = [
    "AuditEvent",
    "Base",
    "Dataset",
    "DatasetDocument",
    "DatasetRevision",
    "DatasetTopic",
    "FormerSlug",
    "HarvestApproval",
    "HarvestBlob",
    "HarvestEvent",
    "HarvestFile",
    "HarvestOverride",
    "HarvestRecord",
    "HarvestRun",
    "HarvestSource",
    "HarvestSpool",
    "Job",
    "Membership",
    "Organization",
    "OrganizationSuccession",
    "OutboxEntry",
    "Resource",
    "Series",
    "Tag",
    "Topic",
    "User",
    "UserSession",
]
