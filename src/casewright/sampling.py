"""From the configuration to what the sampler is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from casewright.config import Config
from casewright.errors import CasewrightError, Problem
from casewright.kg.conditions import ConditionSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.kg.quotas import Quota

__all__ = ["quota_problems", "sampling_of"]


def sampling_of(config: Config, graph: Graph | None = None) -> Sampling:
    """What `sampling` says, as the sampler takes it.

    Args:
        graph: with it the shares of `coverage.chapter` steer the draw of principal diagnoses,
            unless `sampling.quotas` does: else most cases of a rare chapter would be missed.
    """
    plain = _sampling(config)
    shares = config.coverage.chapter
    if graph is None or shares is None or plain.quotas:
        return plain
    known = ConditionSampler(graph, plain).chapters
    if shares == "even":
        shares = {str(c): 1 / len(known) for c in known}
    quotas = [
        Quota(chapters=(int(c),), share=share)
        for c, share in shares.items()
        if c.isdigit() and int(c) in known
    ]
    return replace(plain, quotas=tuple(quotas))


def _sampling(config: Config) -> Sampling:
    wanted = config.sampling
    return Sampling(
        conditions=wanted.conditions,
        codes=wanted.codes,
        settings=tuple(sorted(wanted.settings.items())),
        quotas=tuple(Quota(**q.model_dump()) for q in wanted.quotas),
        encounters=wanted.encounters,
        contrast=wanted.contrast,
        max_comorbidities=wanted.max_comorbidities,
        max_symptoms=wanted.max_symptoms,
        max_denied=wanted.max_denied,
        max_labs=wanted.max_labs,
    )


def quota_problems(config: Config, graph: Graph) -> Iterator[Problem]:
    """Quotas that no case can meet, each at its line."""
    sampling = sampling_of(config)
    for place, quota in enumerate(sampling.quotas):
        alone = (replace(quota, share=1.0, count=None),)
        keys = ("sampling", "quotas", str(place))
        try:
            ConditionSampler(graph, replace(sampling, quotas=alone))
        except CasewrightError as err:
            found = err.problems[0]
            yield config.problem(found.what, *keys, valid=found.valid, fix=found.fix or "")
        if quota.setting is not None and not config.kinds.get(quota.setting):
            yield config.problem(
                f"a quota asks for the setting {quota.setting}, for which kinds names no kind of "
                "document", *keys, fix=f"add kinds.{quota.setting}, or drop the quota",
            )  # fmt: skip
    counted = sum(q.count or 0 for q in sampling.quotas)
    if counted > config.documents:
        yield config.problem(
            f"the quotas ask for {counted} cases, and documents is {config.documents}",
            "sampling", "quotas", fix=f"set documents to {counted} or more",
        )  # fmt: skip
