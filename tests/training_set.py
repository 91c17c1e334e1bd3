"""Our authored `train.jsonl`, its tags, and a vocabulary with their every character."""

from tests.tiny_model import AUTHORED
from training.examples import tag_names
from yaowen.formats import annotated
from yaowen.schema import SPAN_LABELS
from yaowen.tagger import posterior
from yaowen.tagger.vocabulary import SPECIAL_TOKENS, Vocabulary, fold

DOCUMENTS = annotated.read(AUTHORED / "train.jsonl")
NAMES = tag_names(SPAN_LABELS)
SCHEME = posterior.Scheme.of(NAMES)
TAGS = {name: i for i, name in enumerate(NAMES)}
CHARACTERS = sorted({f for d in DOCUMENTS for c in d.text if len(f := fold(c)) == 1 and not f.isspace()})
VOCABULARY = Vocabulary([*SPECIAL_TOKENS, *CHARACTERS])
