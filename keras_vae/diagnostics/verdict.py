"""Verdict: balanced, over-regularised or under-regularised."""

import dataclasses
import math
import numbers

from keras_vae.checks import array, shown, whole

# The papers define the three words (regularisation balance, section 1) without numbers. These are ours.

# "Near perfect reconstruction": the least share of the data's variance that must be explained, relative to what the
# stage below leaves to be explained. Zero is the mean image; PCA of MNIST needs 44 components for 0.8; trained models
# of images explain about 0.9. It cannot see a small shortage of dimensions: a balanced model that leaves none unused is
# told to try more.
EXPLAINED = 0.8
# Below this share the reconstructions are the mean image: posterior collapse.
COLLAPSED = 0.05
# "Redundant": q(z) fills less than this share of the active dimensions. Balanced models measured 0.93 to 0.99
# (25 to 200 dimensions, thousands of steps), codes known to be redundant 0.1 to 0.25.
REDUNDANT = 0.5
# The law "should be 1" (variable collapse, section 4): over the active dimensions of its Table 1 it is 1.00 in the
# mean, 0.98 to 1.03 each. A mean this far off cannot be the noise of 100 held-out examples (about 0.14 / sqrt(dims)).
LAW_MEAN = 0.15
# MMD (the unbiased IMQ of maths/kernels.py, where k(z, z) = 7) that no mere misfit of shape explains: uniform or
# two-humped dimensions give below 0.03; codes confined to an eighth of 64 dimensions 0.08, to a line in a plane 0.29.
LARGE_MMD = 0.05
# A learned gamma so many times the error that it should equal has not come down yet.
EXCESS = 2.0
# A held-out loss that ends so many nats above its least has risen: the same codes and noise are judged each epoch.
RISE = 0.5
# A difference of q(z) from the prior counts above this many root-mean-squares of the MMD between samples of the prior.
GAP = 3.0
# Of the seven kernels, each in (0, 1].
MOST_MMD = 14.0


def verdict(
    explained: float,
    active: int,
    latent_dim: int,
    law_mean: float | None = None,
    law_worst: float | None = None,
    effective_rank: float | None = None,
    informative: int | None = None,
    mmd: float | None = None,
    mmd_noise: float = 0.0,
    gamma_excess: float | None = None,
    attainable: float = 1.0,
    stochastic: bool = True,
    has_prior: bool = True,
    second_stage: bool = False,
    held_out_losses: tuple[int, float, float] | None = None,
) -> "Judgement":
    """Judgement of a trained stage, from numbers alone; `verdict(**verdict_inputs(stack, images))` judges a stack.

    Over-regularised: poor reconstruction, latent variables unused or too few. Under-regularised: low error, but the
    active dimensions are redundant, q(z) confined near a manifold of fewer dimensions, or the KL term not at work.
    Balanced: low error, no redundancy (regularisation balance, section 1). Balanced codes whose q(z) still is not the
    prior want a second stage (variable collapse, section 7).

    explained       1 - squared error / variance of the data, on held-out data.
    active          count of active dimensions, of `latent_dim`.
    law_mean        the variance law over the active dimensions, its mean and its value furthest from 1 (law_worst).
    effective_rank  diagnostics.effective_rank.
    informative     count of active dimensions with more signal than noise: var(mu) > mean(sigma^2).
    mmd, mmd_noise  MMD of q(z) to N(0, I), and the root mean square MMD between samples of N(0, I) as large.
    gamma_excess    a learned gamma / squared error per dimension of decoded draws: 1 by eq. (6) of infinite gradients.
    attainable      `explained` of the stage below, which no stage above can exceed.
    stochastic      whether the codes are draws; the law says nothing of deterministic ones.
    has_prior       whether the loss brings the codes near the prior; if not, the MMD says nothing.
    second_stage    whether the stage models the draws of another.
    held_out_losses  of a second stage: its best epoch, the loss after that, and after the last, in nats of held-out
                    codes; the stage has the weights of the best epoch.

    What is None, or does not apply, is not judged.
    """
    whole("latent_dim", latent_dim)
    whole("active", active, 0, latent_dim)
    _check_range("explained", explained, -math.inf, 1)
    _check_range("attainable", attainable, -math.inf, 1)
    for name, value in (("law_mean", law_mean), ("law_worst", law_worst), ("gamma_excess", gamma_excess)):
        _check_range(name, value, 0, math.inf)
    _check_range("effective_rank", effective_rank, 0, active)
    if informative is not None:
        whole("informative", informative, 0, active)
    _check_range("mmd", mmd, -MOST_MMD, MOST_MMD)
    _check_range("mmd_noise", mmd_noise, 0, MOST_MMD)
    if held_out_losses is not None:
        if array(held_out_losses, "held_out_losses").shape != (3,):
            raise ValueError(f"held_out_losses is {shown(held_out_losses)}; expected the best epoch and two losses")
        whole("the epoch of held_out_losses", held_out_losses[0])
        for value in held_out_losses:
            _check_range("each of held_out_losses", value, -math.inf, math.inf)
    law_mean, law_worst = (law_mean, law_worst) if stochastic else (None, None)
    mmd = mmd if has_prior else None
    share = explained / attainable if attainable > 0.0 else 0.0
    evidence = [_reconstruction(explained, attainable), f"{active:.0f} of {latent_dim} dimensions are active."]
    if active and informative is not None and stochastic:
        evidence.append(f"{informative:.0f} of them carry more signal than noise.")
    if active > 1 and effective_rank is not None:
        evidence.append(f"q(z) fills {effective_rank:.1f} directions of the {active:.0f} active dimensions.")
    if law_mean is not None and active:
        worst = "" if law_worst is None else f", at worst {law_worst:.3f}"
        evidence.append(f"The variance law over active dimensions: {law_mean:.3f} in the mean{worst}; it should be 1.")
    if mmd is not None:
        evidence.append(f"The MMD of q(z) to the prior is {mmd:.2g}; samples of the prior show {mmd_noise:.2g}.")
    early = gamma_excess is not None and gamma_excess > EXCESS
    if early:
        evidence.append(f"gamma is {gamma_excess:.1f} times the squared error per dimension; trained, they are equal.")

    overfits = held_out_losses is not None and held_out_losses[2] - held_out_losses[1] > RISE
    if held_out_losses is not None and overfits:
        epoch, best, last = held_out_losses
        evidence.append(
            f"The held-out loss rose from {best:.1f} nats after epoch {epoch}, which is kept, to {last:.1f}."
        )

    redundant = active > 1 and effective_rank is not None and effective_rank < REDUNDANT * active
    if active == 0 or share < EXPLAINED:
        unread = share < COLLAPSED and bool(informative)  # the codes carry signal, and make the mean image or worse
        collapsed = active == 0 or (share < COLLAPSED and not unread)
        advice = _more(active, latent_dim, collapsed, unread, redundant, stochastic, second_stage)
        word = "over-regularised"
    else:
        lawless = law_mean is not None and abs(law_mean - 1.0) > LAW_MEAN
        far = mmd is not None and mmd > LARGE_MMD
        if redundant or lawless or far:
            word, advice = "under-regularised", _fewer(redundant, lawless, stochastic, has_prior, second_stage)
        else:
            gap = mmd is not None and mmd > GAP * mmd_noise
            word, advice = "balanced", _on(active, latent_dim, informative, gap, stochastic, has_prior, second_stage)
    if early:
        advice = ["gamma is still on its way down: more steps (epochs, smaller batches).", *advice]
    if overfits:
        advice = ["The stage overfits its codes: fewer epochs, a narrower network, more images, or a mixture.", *advice]
    if attainable < EXPLAINED:
        advice = ["The stage below is the bottleneck: give it more dimensions or a larger network.", *advice]
    return Judgement(word, tuple(evidence), tuple(advice))


def _check_range(name, value, least, most):
    """Refuse what is no finite number in [least, most]; None is not judged."""
    if value is None and name not in ("explained", "attainable", "mmd_noise", "each of held_out_losses"):
        return
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not real or not least <= value <= most * (1 + 1e-6):
        low = [] if math.isinf(least) else [f"at least {least:g}"]
        bounds = " and ".join(low + ([] if math.isinf(most) else [f"at most {most:g}"]))
        raise ValueError(f"{name} is {shown(value)}; expected a finite number{bounds and ' of '}{bounds}")


def _reconstruction(explained, attainable):
    sentence = f"Reconstructions explain {explained:.1%} of the variance of the data"
    return sentence + (f", where the stage below reaches {attainable:.1%}." if attainable < 1.0 else ".")


def _more(active, latent_dim, collapsed, unread, redundant, stochastic, second_stage):
    """Against over-regularisation: regularisation balance, section 4, prescriptions 1 to 3."""
    if not stochastic:
        return ["More dimensions (latent_dim), a larger network or longer training: nothing else limits this stage."]
    advice = []
    if collapsed:
        advice.append("The posterior collapsed: set a ceiling on gamma (infinite gradients, section 4).")
    if redundant:
        advice.append("The active dimensions repeat each other, so it is not their number: train longer or wider.")
    elif unread:
        advice.append("The codes carry signal that the decoder does not use: train longer, or at a smaller rate.")
    elif active == latent_dim and not collapsed:
        advice.append("No dimension is unused: more dimensions (latent_dim) first.")
    elif active < latent_dim:
        advice.append("Skip connections in the decoder: affine_skip, or a residual network (prescription 1).")
    if second_stage:
        return [*advice, "Train it longer or wider: its data are the draws of the stage below."]
    if active < latent_dim:
        advice.append("More dimensions, kappa well above what is needed (prescription 2).")
        advice += [] if collapsed else ["A ceiling on gamma."]
    advice.append("An autoencoder below, the VAE on its codes (prescription 3).")
    return [*advice, "A smaller beta (lambda): better reconstructions, at the price of less regular codes."]


def _fewer(redundant, lawless, stochastic, has_prior, second_stage):
    """Against under-regularisation: infinite gradients, section 4; variable collapse, sections 4 and 6.1."""
    if not has_prior:
        return [
            "Nothing regularises these codes. As the lowest stage of a stack that is as it should be (prescription 3): "
            "train a VAE on them."
        ]
    if not stochastic:
        return ["Fewer dimensions, or a Gaussian VAE: noise can fill superfluous dimensions, fixed codes cannot."]
    advice = ["Train longer: dimensions are given up late, when gamma is small."]
    if redundant:
        advice.append(
            "If gamma is fixed: learn it from a large start, for that smooths the loss (infinite gradients, section 4)."
        )
    if lawless:
        advice.append("If the law stays off, the KL term is too weak: a larger beta (lambda), a smaller learning rate.")
    if not second_stage:
        advice.append("A second stage learns q(z) as it is, and samples from it.")
    return advice


def _on(active, latent_dim, informative, gap, stochastic, has_prior, second_stage):
    advice = []
    if not has_prior:
        advice.append("Nothing brings these codes to a prior: train a VAE on them to sample.")
    elif gap and second_stage:
        advice.append("q(u) is not yet the prior: train the second stage longer or wider.")
    elif gap:
        advice.append("q(z) is not quite the prior: sample through a second stage, which learns q(z) as it is.")
    if stochastic and active == latent_dim:
        advice.append("No dimension is unused: try more (latent_dim), until some are (variable collapse, section 7).")
    if stochastic and informative is not None and informative < REDUNDANT * active:
        advice.append("Most active dimensions are nearly noise: with longer training they collapse, and cost nothing.")
    return advice or ["Nothing to mend."]


@dataclasses.dataclass(frozen=True)
class Judgement:
    """word: "balanced", "over-regularised" or "under-regularised"; evidence and advice: sentences."""

    word: str
    evidence: tuple
    advice: tuple

    def __str__(self) -> str:
        evidence, advice = [f"  - {line}" for line in self.evidence], [f"  > {line}" for line in self.advice]
        return "\n".join([self.word, *evidence, *advice])
