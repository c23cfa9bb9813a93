"""What the licences of a run's model and sources let one do with the documents.

A licence is read from its name. Three things bear on an export: whether what is made from the
material may be passed on at all, whether by everybody (commercial use too), and whether only under
the same terms. A name that is not known allows nothing and forbids nothing: it stands in the way
of naming a licence for the dataset, not of a private copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from casewright.errors import Problem
from casewright.outputs.manifest import Manifest

__all__ = ["UNKNOWN", "Terms", "licence_problems", "terms_of"]

UNKNOWN = "unknown"
"""What a card says where no licence was named."""

# Words of a licence's name, after everything but letters, digits and dots became one hyphen.
_FORBIDDEN = re.compile(
    r"proprietary|confidential|all-rights-reserved|internal-use|evaluation-only|restricted"
    r"|no(t)?-(for-)?redistribut|no-derivatives|\bnd\b|\bumls\b|\bsnomed\b|\bloinc\b"
    r"|data-use-agreement|\bdua\b|credentialed"
)
# "You will not use the Llama Materials or any output ... to improve any other large language
# model": Llama 2 Community License, 1.b.v, and Meta Llama 3 Community License, 1.b.v. Version 3.1
# and later let it be done under a name that begins with "Llama".
_NO_TRAINING = re.compile(r"\bllama-?2\b|\bllama-?3(\.0)?\b(?!\.)")
_NON_COMMERCIAL = re.compile(
    r"\bnc\b|non-?commercial|research-only|academic-use|qwen-research|\bmrl\b|\bmnpl\b"
)
_SHARE_ALIKE = re.compile(r"\bsa\b|share-?alike|\bodbl\b|\b[al]?gpl\b")
_OPEN = re.compile(
    r"public-domain|\bpd\b|\bpddl\b|\bcc-?0\b|\bcc-zero\b|\bcc-by\b|\bmit\b|\bapache\b|\bbsd\b|\bisc\b"
    r"|\bunlicense\b|\bzlib\b|\bodc-by\b|\bcdla-permissive\b|\bopenrail\b|\bgemma\b"
    r"|\bllama-?3\.\d|\bllama-?4\b|\bwtfpl\b|\bus-gov"
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence allows for things made from the material.

    Attributes:
        known: whether the name says anything to us.
        share: may be passed on. train: may be used to train other models.
        commercial: by everybody for everything. alike: only under these very terms.
    """

    known: bool
    share: bool = True
    train: bool = True
    commercial: bool = True
    alike: bool = False


def terms_of(licence: str) -> Terms:
    """Read a licence's name: an SPDX or Hub identifier, or words such as "public domain"."""
    name = _hyphened(licence)
    share = not _FORBIDDEN.search(name)
    train = not _NO_TRAINING.search(name)
    commercial = not _NON_COMMERCIAL.search(name)
    alike = bool(_SHARE_ALIKE.search(name))
    known = bool(not (share and train and commercial) or alike or _OPEN.search(name))
    return Terms(known, share, train, commercial, alike)


def licence_problems(run: Path, manifest: Manifest, asked: str) -> Iterator[Problem]:
    """Reasons against an export under the licence `asked` ("unknown" where none was named).

    Args:
        run: where the problems are said to be.
        manifest: what the run is made of.
        asked: the licence that the dataset is to have.
    """
    about, wanted = manifest.about, terms_of(asked)
    materials = [(f"the source {s.name}", s.licence, "build without it") for s in about.sources]
    if manifest.fingerprint.model:
        materials.append(
            (f"the model {manifest.fingerprint.model}", about.model_licence, "use another model")
        )
    for what, licence, other in dict.fromkeys(materials):
        terms = terms_of(licence)
        under = f"{what} is under {licence!r}" if licence else f"the licence of {what} is not known"
        if not terms.share:
            yield Problem(
                f"{under}, which does not let what is made from it be passed on", run, fix=other
            )
        elif not terms.train:
            yield Problem(
                f"{under}, which forbids its output to be used for other models", run, fix=other
            )
        elif not terms.known:
            if asked != UNKNOWN:
                yield Problem(
                    f"{under}, so that nobody can say whether {asked!r} is compatible with it",
                    run,
                    fix="name it (--model-licence) or leave --licence out"
                    if what.startswith("the model")
                    else "leave --licence out, or correct its licence in the graph's file",
                )
        elif not terms.commercial and wanted.commercial:
            yield Problem(
                f"{under}, which forbids commercial use, and the dataset is to be "
                + (f"under {asked!r}" if asked != UNKNOWN else "under no licence yet"),
                run,
                fix=f"--licence cc-by-nc-4.0 or another that forbids it too; or {other}",
            )
        elif terms.alike and not wanted.alike:
            yield Problem(
                f"{under}, which asks for the same terms, and the dataset is to be "
                + (f"under {asked!r}" if asked != UNKNOWN else "under no licence yet"),
                run,
                fix=f"--licence {_hyphened(licence)}; or {other}",
            )


def _hyphened(licence: str) -> str:
    """How the Hub writes a licence: lower case, with hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", licence.casefold()).strip("-")
