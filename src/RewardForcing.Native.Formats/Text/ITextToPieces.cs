namespace RewardForcing.Native.Formats;

/// <summary>What a tokenizer's file says about the way from a text to the numbers of its pieces and back.</summary>
internal interface ITextToPieces
{
    /// <summary>Every piece by number.</summary>
    IReadOnlyList<Piece> Pieces { get; }

    /// <summary>Numbers that go before those of every text.</summary>
    IReadOnlyList<int> Prefix { get; }

    /// <summary>Numbers that close every text.</summary>
    IReadOnlyList<int> Suffix { get; }

    /// <summary>Number of the piece that fills up rows; null if there is none.</summary>
    int? Padding { get; }

    /// <summary>What stands for unknown pieces when numbers are turned back to a text.</summary>
    string UnknownText { get; }

    /// <summary>Whether every text begins with a space that is not its own.</summary>
    bool AddsSpace { get; }

    /// <summary>Appends the numbers of a text's pieces.</summary>
    void Encode(string text, List<int> ids);
}
