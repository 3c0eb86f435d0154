import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';

export const IncompleteLink = () => {
  const { texts } = usePage();
  return (
    <Card title={texts.incompleteLink.title}>
      <p>{texts.incompleteLink.lead}</p>
    </Card>
  );
};
