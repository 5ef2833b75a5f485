"""Verdicts of a page: first on the codes that samples are drawn from, then stage by stage, bottom first."""

from html import escape

from keras_vae.report.glossary import linked
from keras_vae.report.markup import details, paragraph, slug

COLUMNS = {"evidence": "Evidence", "advice": "What to try next"}


def verdicts(results, seen):
    """HTML of the verdicts in results.json; of one alone, of an adopted model say, nothing but that."""
    stages = results.get("verdicts") or []
    if len(stages) < 2:
        return sampled_from(results, seen)
    drawn, large = _drawn(stages), sampled_from(results, seen)
    above = [*(each["stage"] for each in stages[1:]), ""]
    small = "".join(_small(each, stage, seen) for each, stage in zip(stages, above) if each is not drawn)
    return f'{large}<div class="stages">{small}</div>'


def sampled_from(results, seen):
    """HTML of the verdict on the stage that samples are drawn from; of the inference code where it is judged alone."""
    if drawn := _drawn(results.get("verdicts") or []):
        return _large(drawn, f"Samples, drawn from the prior of stage {drawn['stage']}", seen)
    judged = results.get("verdict")
    return _large(judged, "", seen) if judged else ""


def _drawn(stages):
    """The last stage with a prior; None where none has."""
    return next((each for each in reversed(stages) if each["has_prior"]), None)


def _large(judged, about, seen):
    columns = "".join(
        f"<div><h3>{title}</h3>{_bullets(judged[key], seen)}</div>" for key, title in COLUMNS.items() if judged.get(key)
    )
    word = f'<p class="word">{linked(judged["word"], seen)}</p>'
    about = paragraph(about, "about")
    return f'<div class="verdict {slug(judged["word"])}">{about}{word}<div class="columns">{columns}</div></div>'


def _small(judged, above, seen):
    """One stage that is not sampled from. Without a prior it only has to reconstruct, if a stage above has one."""
    word, about, advice = judged["word"], f"Stage {judged['stage']}", judged.get("advice") or []
    if above and not judged["has_prior"] and word != "over-regularised":
        word, advice = "as meant", []
        about += f", which has no prior of its own: stage {above} brings its codes to one"
    elif above:
        about += f": codes of images. Stage {above} learns to draw them"
    more = details("What to try next", _bullets(advice, seen)) if advice else ""
    body = (
        f'{paragraph(about, "about")}<p class="word">{linked(word, seen)}</p>{_bullets(judged["evidence"], seen)}{more}'
    )
    return f'<div class="verdict {escape(slug(word))}">{body}</div>'


def _bullets(texts, seen):
    return "<ul>" + "".join(f"<li>{linked(text, seen)}</li>" for text in texts) + "</ul>"
