namespace RewardForcing.Native.Training;

/// <summary>When networks move, gradients are forgotten and checkpoints are written: the whole of what two training loops differ in.</summary>
/// <param name="Loop">Which loop.</param>
/// <param name="Accumulation">A, micro-batches of a step; key <c>gradient_accumulation_steps</c>.</param>
/// <param name="Ratio">R, steps of the critic for each one of the student; key <c>dfake_gen_update_ratio</c>.</param>
/// <remarks>A turn is a step of the intended loop, or a micro-batch of the reference's. Spec: training 4.2 and 4.3.</remarks>
public readonly record struct LoopPlan(TrainingLoop Loop, int Accumulation, int Ratio)
{
    /// <summary>What a turn does.</summary>
    /// <param name="turn">Its number, from 0.</param>
    /// <param name="saveEvery">Steps from one checkpoint to the next; key <c>log_iters</c>.</param>
    public LoopTurn Turn(long turn, long saveEvery = long.MaxValue)
    {
        if (Loop == TrainingLoop.Intended)
        {
            return new LoopTurn(Accumulation, turn % Ratio == 0 ? 1 : 0, 1, true, (turn + 1) % saveEvery == 0);
        }

        // The interval of saving is the only number the reference scales by the accumulation.
        bool clears = turn % Accumulation == 0, saves = saveEvery <= long.MaxValue / Accumulation && (turn + 1) % (saveEvery * Accumulation) == 0;
        int moves = clears ? 2 : 1;
        return new LoopTurn(1, turn % ((long)Ratio * Accumulation) == 0 ? moves : 0, moves, clears, saves);
    }

    /// <summary>Counts what happens in a run, without running it.</summary>
    /// <param name="turns">Its length; key <c>full_training_steps</c>.</param>
    /// <param name="averageStart">Turns after which the average begins; key <c>ema_start_step</c>.</param>
    /// <param name="saveEvery">Steps from one checkpoint to the next; the intended loop also writes one at the end.</param>
    public LoopCounts Count(long turns, long averageStart, long saveEvery)
    {
        long generator = 0, generatorMoves = 0, critic = 0, criticMoves = 0, updates = 0;
        List<long> saves = [];
        for (long turn = 0; turn < turns; turn++)
        {
            LoopTurn now = Turn(turn, saveEvery);
            generator += now.GeneratorMoves > 0 ? now.Backwards : 0;
            generatorMoves += now.GeneratorMoves;
            critic += now.Backwards;
            criticMoves += now.CriticMoves;
            updates += turn >= averageStart ? now.GeneratorMoves : 0;
            if (now.Saves || (turn == turns - 1 && Loop == TrainingLoop.Intended))
            {
                saves.Add(turn + 1);
            }
        }

        return new LoopCounts(generator, generatorMoves, critic, criticMoves, updates, saves);
    }
}
