namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Prints prompts.</summary>
internal static class PromptsVerb
{
    public static void Run(ToolArguments arguments)
    {
        (SceneSplit split, int count, int seed) = (arguments.Split(), arguments.Whole("--count", 0), arguments.Whole("--seed", 0, least: 0));
        arguments.RequireNothingElse();
        if (count == 0)
        {
            throw new ArgumentException("prompts: --count is missing.");
        }

        for (int i = 0; i < count; i++)
        {
            Console.Out.WriteLine(Scene.Draw((ulong)seed, i, split).Text.Prompt);
        }
    }
}
