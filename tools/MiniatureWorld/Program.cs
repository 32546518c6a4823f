using RewardForcing.Native.Formats;
using RewardForcing.Native.MiniatureWorld;

const string UsageText = """
    usage: MiniatureWorld prompts --count N [--split train|heldout] [--seed N]
               prints prompts of the world, one a line
           MiniatureWorld clips --output DIR --count N [--frames 45] [--split train|heldout] [--seed N]
               paints videos into a folder of shards, with their prompts
           MiniatureWorld tokenizer --output DIR [--pieces 120] [--count 4000] [--seed N]
               learns the pieces of the world's prompts and writes spiece.model
           MiniatureWorld init --output DIR [--dim 128] [--layers 6] [--heads 4] [--seed N] [--vae FILE]
               writes a model folder that has learnt nothing yet, tokenizer included; --vae takes a trained VAE in
           MiniatureWorld vae --clips DIR --output FILE [--from FILE] [--steps 400] [--image_percent 100] [--frames 17] [--seed N]
                    [--image_batch 12] [--video_batch 2] [--lr_millionths 600] [--part decoder]
               trains the VAE, first on images, then with --from on videos, and writes it with its latents normalised
           MiniatureWorld encode --clips DIR --model_dir DIR --output DIR
               turns videos into the latents that a transformer is trained on
           MiniatureWorld judge --clips DIR | --videos DIR --prompts FILE [--json FILE] [--reconstruct MODEL_DIR] [--count N] [--window FRAMES]
               measures what is to be seen, against the prompts; --reconstruct looks through a VAE first,
               --window judges long videos piece by piece
           MiniatureWorld plot --data FILE.json --output FILE.svg
               draws lines or bars: title, x_label, y_label, kind, categories, y_least, series of name, x, y, spread
    """;

try
{
    ToolArguments arguments = new(args);
    Action<ToolArguments> verb = arguments.Verb switch
    {
        "prompts" => PromptsVerb.Run,
        "clips" => ClipsVerb.Run,
        "tokenizer" => TokenizerVerb.Run,
        "init" => InitVerb.Run,
        "vae" => VaeVerb.Run,
        "encode" => EncodeVerb.Run,
        "judge" => JudgeVerb.Run,
        "plot" => PlotVerb.Run,
        _ => throw new ArgumentException($"MiniatureWorld: there is no verb {arguments.Verb}."),
    };
    verb(arguments);
    return 0;
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine(UsageText);
    return 2;
}
catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException or ModelFormatException or InvalidOperationException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
