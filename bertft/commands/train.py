"""`bertft train`: the flags. What they do stands in runs.py."""

from __future__ import annotations

from bertft import console
from bertft.commands import options as opt


def train_command(
    data: opt.Data = None,
    task: opt.Task = None,
    validation: opt.Validation = None,
    validation_share: opt.ValidationShare = None,
    test: opt.Test = None,
    model: opt.Model = None,
    single_label: opt.SingleLabel = False,
    multi_label: opt.MultiLabel = False,
    regression: opt.Regression = False,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    label: opt.Label = None,
    separator: opt.Separator = None,
    epochs: opt.Epochs = None,
    max_steps: opt.MaxSteps = None,
    batch_size: opt.BatchSize = None,
    max_tokens: opt.MaxTokens = None,
    learning_rate: opt.LearningRate = None,
    warmup: opt.Warmup = None,
    weight_decay: opt.WeightDecay = None,
    scheduler: opt.Scheduler = None,
    max_length: opt.MaxLength = None,
    long: opt.Long = None,
    overlap: opt.Overlap = None,
    seed: opt.Seed = None,
    head_start: opt.HeadStart = None,
    pool: opt.Pool = None,
    few_shot: opt.FewShot = None,
    refit: opt.Refit = None,
    precision: opt.Precision = None,
    early_stop: opt.EarlyStop = None,
    eval_steps: opt.EvalSteps = None,
    metric: opt.Metric = None,
    grad_accum: opt.GradAccum = None,
    max_grad_norm: opt.MaxGradNorm = None,
    layer_decay: opt.LayerDecay = None,
    freeze: opt.Freeze = None,
    label_smoothing: opt.LabelSmoothing = None,
    class_weights: opt.ClassWeights = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    unknown_labels: opt.UnknownLabels = None,
    max_train_rows: opt.MaxTrainRows = None,
    crf: opt.CRF = None,
    bilstm: opt.BiLSTM = None,
    head_learning_rate: opt.HeadLearningRate = None,
    scheme: opt.Scheme = None,
    context: opt.Context = None,
    max_answer: opt.MaxAnswer = None,
    fix_answers: opt.FixAnswers = None,
    config: opt.Config = None,
    save_steps: opt.SaveSteps = None,
    threads: opt.Threads = None,
    resume: opt.Resume = False,
    output_dir: opt.OutputDir = None,
    overwrite: opt.Overwrite = False,
    dry_run: opt.DryRun = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Fine-tune a model on a labelled file; write it, its scores and its card to a run folder."""
    flags = dict(locals())
    console.be_quiet(quiet)
    from bertft.commands.runs import run_train  # torch wakes here, not at --help

    run_train(flags)
