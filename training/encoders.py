"""What a fine-tuning starts from: an encoder or tagger of ours, or a public Chinese BERT.

    python -m training.encoders hfl/rbt3 --out build/rbt3 [--revision COMMIT] [--texts data/authored/dev.jsonl]

A public encoder comes from the Hugging Face hub or from a folder, without code of its own and from safetensors alone. It is
made into a folder of ours, in which every character is a token: its embedding is that of the piece that is this character
(`二`, `a`; `##a` where only that is known), and the other pieces are dropped, a third of the weights of a small one. So
spans begin and end at any character, nothing needs to be gathered or expanded, and the finished tagger is like any other.
What is lost are the pieces of several characters (`2020`, `##20`, `covid`): `--texts` measures, by the offsets of the
WordPiece tokenizer, which share of the characters stands in them, and how many spans would end inside of one.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import BertModel

from training.chain import Chain
from training.model import Tagger
from training.onnx_graph import check_config
from yaowen import formats
from yaowen.formats.annotated import AnnotatedDocument
from yaowen.tagger.folder import TRANSITIONS
from yaowen.tagger.vocabulary import SPECIAL_TOKENS, UNK, Vocabulary

WEIGHTS: Final = "model.safetensors"
FILES: Final = ("config.json", "tokenizer_config.json", "vocab.txt", "tokenizer.json", WEIGHTS)
HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")
CONTINUES: Final = "##"  # before a piece that goes on a word


@dataclass(frozen=True, slots=True)
class Start:
    """A folder of ours to start from, and where it came from; `revision` is the commit of what the hub gave, or ""."""

    folder: Path
    name: str
    revision: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """What reading character by character changes for a text: counts of characters and spans."""

    characters: int
    in_longer_pieces: int
    unknown_pieces: int  # characters that WordPiece does not know
    unknown: int  # characters that are unknown when read one by one
    spans: int
    spans_cut: int  # that begin or end inside a piece


def prepare(name: str, revision: str, output: Path) -> Start:
    """The folder to start from; a public encoder is fetched if need be, and converted into `output`.

    Raises `ValueError` where there is no such encoder or it is none that can be used, with what to do.
    """
    source, commit = Path(name), ""
    if not source.is_dir():
        source = _fetch(name, revision)
        commit = source.name
    _check(source, name, output)
    try:
        Vocabulary.load(source)
    except (ValueError, OSError):
        return Start(convert(source, output), name, commit)
    return Start(source, name, commit)


def _fetch(name: str, revision: str) -> Path:
    """The folder of a hub model in the local cache, fetched if it is not there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    if not HUB_NAME.fullmatch(name):
        raise ValueError(f"encoder = {name!r}: there is no such folder, and it is no name of the hub (owner/name)")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ValueError(
            f"encoder = {name!r}: there is no such folder, and revision {revision!r} cannot be had from the Hugging Face "
            f"hub ({type(error).__name__}). With no network: `hf download {name} --revision {revision} --local-dir FOLDER` "
            "elsewhere, carry FOLDER over and say encoder=FOLDER"
        ) from error


def _check(source: Path, name: str, output: Path) -> None:
    if not (source / "config.json").is_file():
        raise ValueError(f"encoder = {name!r}: {source} has no config.json; expected a BERT as transformers saves it")
    check_config(json.loads((source / "config.json").read_text("utf-8")), source)
    if not (source / WEIGHTS).is_file():
        raise ValueError(
            f"encoder = {name!r}: it has no {WEIGHTS}, and pickled weights (pytorch_model.bin) are not loaded, for they can "
            "run code. Either pin a revision that has it (on the hub often refs/pr/1, by its conversion robot), or convert "
            f"it once where you trust it: python -c \"from transformers import AutoTokenizer, BertModel; n = '{name}'; "
            f"f = '{output}-source'; BertModel.from_pretrained(n).save_pretrained(f); "
            f'AutoTokenizer.from_pretrained(n).save_pretrained(f)" and say encoder={output}-source'
        )


def convert(source: Path, output: Path) -> Path:
    """Write a public encoder as a folder of ours: one token a character, each with the embedding it has there."""
    pieces, lower = read_pieces(source)
    rows = characters(pieces, lower)
    model = BertModel.from_pretrained(source, add_pooling_layer=False, use_safetensors=True, dtype=torch.float32)
    old = model.get_input_embeddings().weight.detach()
    if len(pieces) > len(old):
        raise ValueError(f"{source}: its vocabulary has {len(pieces)} pieces, its weights {len(old)}: not of one model")
    chosen = torch.nn.Embedding.from_pretrained(old[list(rows.values())].clone(), freeze=False, padding_idx=0)
    model.set_input_embeddings(chosen)
    model.config.vocab_size, model.config.pad_token_id = len(rows), 0
    output.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(output)
    (output / "vocab.txt").write_text("".join(f"{token}\n" for token in rows), "utf-8", newline="\n")
    return output


def read_pieces(source: Path) -> tuple[list[str], bool]:
    """The pieces of a WordPiece vocabulary in the order of their ids, and whether texts are lower-cased for it."""
    if (path := source / "vocab.txt").is_file():
        pieces = path.read_text("utf-8").removesuffix("\n").split("\n")
    elif (path := source / "tokenizer.json").is_file():
        model = json.loads(path.read_text("utf-8"))["model"]
        if model.get("type") != "WordPiece":
            raise ValueError(f"{path}: a {model.get('type')} tokenizer; expected WordPiece, as the Chinese BERTs have")
        pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
    else:
        raise ValueError(f"{source}: no vocab.txt and no tokenizer.json; expected the vocabulary beside the weights")
    if lacking := [token for token in SPECIAL_TOKENS if token not in pieces]:
        raise ValueError(f"{path}: the vocabulary lacks {', '.join(lacking)}; expected that of a BERT")
    settings = source / "tokenizer_config.json"
    record = json.loads(settings.read_text("utf-8")) if settings.is_file() else {}
    return pieces, bool(record.get("do_lower_case", True))  # as in transformers


def characters(pieces: Sequence[str], lower: bool) -> dict[str, int]:
    """Special tokens and characters, each with the id of its piece; with `lower` no capitals, which are never looked up.

    >>> characters(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "A", "二", "20", "##b", "##二"], lower=True)
    {'[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, '[MASK]': 4, '二': 6, 'b': 8}
    """
    rows = {token: pieces.index(token) for token in SPECIAL_TOKENS}
    for prefix in ("", CONTINUES):
        for index, piece in enumerate(pieces):
            character = piece.removeprefix(prefix)
            whole = piece.startswith(prefix) and len(character) == 1 and not character.isspace()
            if whole and (not lower or character == character.lower()):
                rows.setdefault(character, index)
    return rows


def measure(source: Path, documents: Iterable[AnnotatedDocument]) -> Alignment:
    """How texts read as pieces differ from texts read as characters, by the offsets of the pieces."""
    pieces, lower = read_pieces(source)
    tokenizer = BertWordPieceTokenizer({piece: index for index, piece in enumerate(pieces)}, lowercase=lower)
    vocabulary, unknown_id = Vocabulary(list(characters(pieces, lower))), pieces.index(SPECIAL_TOKENS[UNK])
    counts = dict.fromkeys(Alignment.__dataclass_fields__, 0)
    for document in documents:
        read = tokenizer.encode(document.text, add_special_tokens=False)
        inside = {at for start, end in read.offsets for at in range(start + 1, end)}
        counts["characters"] += len(document.text)
        counts["in_longer_pieces"] += sum(end - start for start, end in read.offsets if end - start > 1)
        counts["unknown_pieces"] += sum(e - s for i, (s, e) in zip(read.ids, read.offsets, strict=True) if i == unknown_id)
        counts["unknown"] += vocabulary.encode(document.text).unknown
        counts["spans"] += len(document.spans)
        counts["spans_cut"] += sum(m.start in inside or m.end in inside for m in document.spans)
    return Alignment(**counts)


def take_head(model: Tagger, names: Sequence[str], folder: Path) -> bool:
    """Begin every head with the classifier and the chain of a tagger with the same tags, if `folder` is one."""
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text("utf-8"))
    known = config.get("id2label", {})
    if [known.get(str(i)) for i in range(len(known))] != list(names):
        return False
    weights = load_file(folder / WEIGHTS)
    head = {part: weights[f"classifier.{part}"] for part in ("weight", "bias") if f"classifier.{part}" in weights}
    if len(head) < 2:
        return False
    path = folder / TRANSITIONS
    record: dict[str, Any] | None = json.loads(path.read_text("utf-8")) if path.is_file() else None
    for name in model.heads:
        model.heads[name].load_state_dict(head)
        if record is not None:
            chain = cast(Chain, model.chains[name])
            for mine, saved in ((chain.start, record["start"]), (chain.step, record["steps"])):
                mine.data = torch.nan_to_num(torch.tensor(_filled(saved)), nan=0.0)
    return True


def _filled(scores: Any) -> Any:
    """Scores with not-a-number for null."""
    return [_filled(score) for score in scores] if isinstance(scores, list) else float("nan") if scores is None else scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", help="a name of the Hugging Face hub (owner/name), or a folder")
    parser.add_argument("--revision", default="main", help="commit, branch or tag on the hub; pin a commit")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, for encoder=FOLDER")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="annotated files to measure the change on")
    chosen = parser.parse_args()
    try:
        start = prepare(chosen.encoder, chosen.revision, chosen.out)
        print(f"{start.folder}: {len(Vocabulary.load(start.folder))} characters, revision {start.revision or 'of a folder'}")
        if chosen.texts:
            source = Path(chosen.encoder) if Path(chosen.encoder).is_dir() else _fetch(chosen.encoder, chosen.revision)
            documents = [d for path in chosen.texts for d in formats.read(path)]
            print(json.dumps(asdict(measure(source, documents))))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
