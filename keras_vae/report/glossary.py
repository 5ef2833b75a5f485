"""Glossary of a page: its words explained at its end, and linked where they stand first."""

import re
from html import escape

from keras_vae.report.markup import slug

WORDS = {
    "balanced": "low error, no redundancy, and the KL term at work.",
    "over-regularised": "poor reconstructions: latent dimensions unused or too few, or a posterior that collapsed.",
    "under-regularised": "low error, but codes that are redundant, or q(z) far from the prior.",
    "stage": "one autoencoder of a stack: encoder, decoder, gamma and a loss.",
    "second stage": "a model of the codes below it, which learns q(z) as it is, and exists to sample.",
    "active dimensions": "those whose posterior mean varies over the data by more than 0.01.",
    "variance law": "var(mean) + mean(variance) of a dimension; 1 wherever the KL term works.",
    "reconstruction gain": "squared error that is added when a dimension is set to zero.",
    "gamma": "the decoder variance of p(x|z) = N(mean(z), gamma I); learned, the squared error per dimension.",
    "MMD": "maximum mean discrepancy, a distance of two distributions from samples of both; 0 where they are the same.",
    "prior": "N(0, I), which samples begin with.",
    "q(z)": "aggregate posterior: the distribution of the codes of all data.",
    "KL": "what a code costs: the divergence of its posterior from the prior, in nats.",
    "NLL": "-log p(x) in nats, bounded by importance sampling; negative where densities are above 1.",
    "Frechet distance": "distance of two sets of images by mean and covariance of their features; lower is better.",
    "Sliced Wasserstein distance": "distance of patches of two sets of images at each scale, named by its pixels a "
    "side; 0 is the same, and the floor is what other training images show.",
    "NDB": "number of statistically different bins: the share of clusters that samples fill too much or too little.",
    "AUROC": "the chance that an outlier scores higher than an ordinary image.",
    "AUPR": "average precision at finding outliers; it depends on how many there are.",
}
_FOUND = re.compile(
    r"(?<![\w-])(" + "|".join(sorted(map(re.escape, map(escape, WORDS)), key=len, reverse=True)) + r")s?\b"
)


def linked(text, seen):
    """HTML of a text: escaped, and each word of the glossary that `seen` has not yet linked to its meaning."""

    def link(match):
        word = match[1]
        if word in seen:
            return match[0]
        seen.add(word)
        return f'<a class="term" href="#word-{slug(word)}">{match[0]}</a>'

    return _FOUND.sub(link, escape(str(text)))


def glossary(seen):
    """The words of a page that were linked, with their meaning."""
    words = "".join(
        f'<dt id="word-{slug(word)}">{escape(word)}</dt><dd>{escape(meaning)}</dd>'
        for word, meaning in WORDS.items()
        if escape(word) in seen
    )
    return f'<dl class="glossary">{words}</dl>' if words else ""
