"""What a verdict consists of."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Judgement:
    """word: "balanced", "over-regularised" or "under-regularised"; evidence and advice: sentences."""

    word: str
    evidence: tuple
    advice: tuple

    def __str__(self):
        evidence, advice = [f"  - {line}" for line in self.evidence], [f"  > {line}" for line in self.advice]
        return "\n".join([self.word, *evidence, *advice])
