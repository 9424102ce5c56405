/** How a figure is judged: what it must not be above, or below. */
export interface Bar {
  readonly kind: 'at most' | 'at least';
  readonly value: number;
  /** What the value is; a plain number is a ratio. */
  readonly unit?: 'ms' | 'MB' | 'B';
}

export const atMost = (value: number, unit?: Bar['unit']): Bar => barOf('at most', value, unit);
export const atLeast = (value: number, unit?: Bar['unit']): Bar => barOf('at least', value, unit);

function barOf(kind: Bar['kind'], value: number, unit: Bar['unit']): Bar {
  return unit === undefined ? { kind, value } : { kind, value, unit };
}

interface RowHead {
  /** `G1` … `G15`, or `+` for a figure without a goal. */
  readonly goal: string;
  readonly what: string;
}

export interface MeasuredRow extends RowHead {
  readonly kind: 'measured';
  readonly ours: string;
  /** The floor or peer, measured in the same rounds. */
  readonly against: string;
  readonly figure: number;
  /** Where there is no bar to tell it. */
  readonly unit?: Bar['unit'];
  /** The recommended goal; null = shown for comparison. */
  readonly goalBar: Bar | null;
  /** Issue 3's own, where it asks for more. */
  readonly beatBar: Bar | null;
  /** On floors only: what the gate of a shared machine holds. */
  readonly gateBar?: Bar;
  readonly note?: string;
}

export interface SkippedRow extends RowHead {
  readonly kind: 'skipped';
  readonly reason: string;
}

export type Row = MeasuredRow | SkippedRow;

export type Verdict = 'beaten' | 'met' | 'missed' | 'skipped' | '';

export function holds(bar: Bar, figure: number): boolean {
  return bar.kind === 'at most' ? figure <= bar.value : figure >= bar.value;
}

/** beaten: the bar of issue 3 holds; met: there is none, or it does not hold, and the goal does. */
export function verdictOf(row: Row): Verdict {
  if (row.kind === 'skipped') return 'skipped';
  const { goalBar, beatBar, figure } = row;
  if (goalBar === null && beatBar === null) return '';
  if (beatBar !== null && holds(beatBar, figure)) return 'beaten';
  return goalBar !== null && holds(goalBar, figure) ? 'met' : 'missed';
}

export function barText(bar: Bar | null): string {
  if (bar === null) return '';
  const { kind, value, unit } = bar;
  const sign = kind === 'at most' ? '≤' : '≥';
  return unit === undefined ? `${sign} ${value.toLocaleString('en')} ×` : `${sign} ${value} ${unit}`;
}

export function figureText({ figure, goalBar, beatBar, ...row }: MeasuredRow): string {
  const unit = row.unit ?? (goalBar ?? beatBar)?.unit;
  if (unit !== undefined) return `${figure.toFixed(unit === 'B' ? 0 : 1)} ${unit}`;
  return `${figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2)} ×`;
}
