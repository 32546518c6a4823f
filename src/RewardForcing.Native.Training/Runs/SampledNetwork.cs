using RewardForcing.Native.Models;

namespace RewardForcing.Native.Training;

/// <summary>What sample videos of a trainer are made with.</summary>
/// <param name="Model">The network in training.</param>
/// <param name="Texts">Its prompts.</param>
/// <param name="IsFewStep">Whether it makes videos block by block in few steps, or the whole video in many with guidance.</param>
/// <param name="IsCausal">Whether it goes block by block.</param>
/// <param name="Prompts">Prompts to show where the configuration names none.</param>
internal sealed record SampledNetwork(WanTransformer Model, PromptTexts Texts, bool IsFewStep, bool IsCausal, IReadOnlyList<string> Prompts);
