"""`tokenizer.json`: our characters-as-tokens convention for transformers' `AutoTokenizer` and `pipeline`.

Same ids as `yaowen.tagger.vocabulary.Vocabulary` on any text (a test compares them), with one exception: the five
characters `[SEP]` in a text are read as a line end, because that is how a line feed is passed to the model here.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from yaowen.tagger.vocabulary import CLS, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary, fold

SURROGATES: Final = range(0xD800, 0xE000)  # in no text that can be encoded


def write_tokenizer(folder: Path, longest: int) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` for the `vocab.txt` of a folder; `longest` in tokens."""
    vocabulary = Vocabulary.load(folder)
    (folder / "tokenizer.json").write_text(build_tokenizer(vocabulary.tokens).to_str(pretty=False), "utf-8")
    config = _config(longest)
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", "utf-8")


def build_tokenizer(tokens: Sequence[str]) -> Tokenizer:
    """A tokenizer of the `tokenizers` library: one token a character, line feed as `[SEP]`, no token for a space."""
    ids = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=SPECIAL_TOKENS[UNK]))
    tokenizer.normalizer = normalizers.Sequence([
        # NFKC of a text is not NFKC of its characters: what would become several, or join with a neighbour, is made an
        # unknown character first.
        normalizers.Replace(Regex(_class(_not_folded_alone(ids))), _stranger(ids)),
        normalizers.Replace("\n", SPECIAL_TOKENS[SEP]),
        normalizers.NFKC(),
        normalizers.Lowercase(),
    ])  # fmt: skip
    spaces = [c for c in range(sys.maxunicode + 1) if chr(c).isspace()]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(_class(spaces)), "removed"),
        pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
    ])  # fmt: skip
    cls, sep = SPECIAL_TOKENS[CLS], SPECIAL_TOKENS[SEP]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}", pair=f"{cls} $A {sep} $B:1 {sep}:1", special_tokens=[(cls, CLS), (sep, SEP)]
    )
    tokenizer.add_special_tokens([_special(token) for token in SPECIAL_TOKENS])
    # "…" has a token of its own, but NFKC would make three full stops of it: looked for before the text is normalised.
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in tokens[len(SPECIAL_TOKENS) :] if fold(t) != t])
    return tokenizer


def _special(token: str) -> AddedToken:
    # "normalized": looked for in the normalised text, where the line feeds have become [SEP].
    return AddedToken(token, special=True, normalized=token == SPECIAL_TOKENS[SEP])


def _not_folded_alone(ids: Iterable[str]) -> Iterator[int]:
    """Code points whose meaning for the vocabulary NFKC of the whole text would change."""
    known = set(ids)
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        # ASCII joins with nothing that is left, and [SEP] must stay as it is.
        if code in SURROGATES or character.isascii() or character in known or character.isspace():
            continue
        folded = fold(character)
        if folded not in known and not (len(folded) == 1 and folded.isspace()):
            yield code


def _stranger(ids: Iterable[str]) -> str:
    """A private-use character that the vocabulary does not have."""
    known = set(ids)
    return next(chr(code) for code in range(0xE000, 0xF900) if chr(code) not in known)


def _class(codes: Iterable[int]) -> str:
    """A regular expression for one of some characters, given in rising order.

    >>> _class([0x61, 0x62, 0x63, 0x4E00])
    '[\\\\x{61}-\\\\x{63}\\\\x{4E00}-\\\\x{4E00}]'
    """
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in runs) + "]"


def _config(longest: int) -> dict[str, Any]:
    names = {"pad_token": PAD, "unk_token": UNK, "cls_token": CLS, "sep_token": SEP, "mask_token": 4}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
        **{key: SPECIAL_TOKENS[index] for key, index in names.items()},
    }
